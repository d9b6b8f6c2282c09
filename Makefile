# Rondevu: `make help` says what there is to make. Nothing needs to be installed by hand but git,
# make, gcc, Node and npm; every target fetches what it is missing.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
# The tools pinned by package-lock.json come first, Node among them. npm itself runs on the system's
# Node, for it replaces the pinned one.
system_path := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
# Any shell but make's default /bin/sh: make then always asks it, and thus the PATH above.
SHELL := /bin/bash

core := $(sort $(wildcard src/*.c))
module := $(core) $(sort $(wildcard wasm/*.c)) build/cjson/cJSON.c
headers := $(wildcard src/*.h wasm/*.h kv/*.h)
formatted_c := $(wildcard src/*.[ch] wasm/*.[ch] kv/*.[ch] tests/unit/*.[ch] tests/kv/*.[ch] bench/*.[ch])
formatted_js := $(wildcard worker kv/*.js tools tests bench web client) package.json tsconfig.json

.PHONY: dev
dev: build ## Start a development server: PORT=8787 STORAGE=kv|durable RATE_LIMITS=off VARS="A:1 B:2" STATE=none HOST=0.0.0.0
	@node tools/dev.mjs

.PHONY: test
test: build unit build/native/scale ## Run every suite, or ONLY=unit|api|browser|..., on both stores, or on STORAGE=kv|durable
	@tools/debian.sh test
	@node tools/test.mjs

.PHONY: soak
soak: build ## Run the long loops: 10,000 interleavings, 1,000,000 requests, 50 kills, 1,000 readers who wait
	@tools/debian.sh test
	@SOAK=1 ONLY=workerd node tools/test.mjs
	@SOAK=1 ONLY=durable node tools/test.mjs

.PHONY: build
build: build/core.wasm build/core-test.wasm client ## Build the WebAssembly module and the browser client

.PHONY: client
client: web/client/registry.js ## Build the browser client

.PHONY: size
size: build/core.wasm ## Print what the module and the shim weigh, and fail when over the limit
	@node tools/size.mjs

.PHONY: bench
bench: build build/native/transcript build/native/scale ## Print speed, processor time and instructions a request
	@tools/debian.sh bench
	@node bench/run.mjs

.PHONY: fmt
fmt: node_modules/.package-lock.json ## Format the sources
	@tools/debian.sh check
	clang-format -i $(formatted_c)
	prettier --log-level warn --write $(formatted_js)

.PHONY: check
check: node_modules/.package-lock.json build/cjson/cJSON.c ## Check formatting, warnings, types and the usual mistakes
	@tools/debian.sh check
	@tools/check.sh $(formatted_c) -- $(formatted_js)

.PHONY: deploy
deploy: build/core.wasm client ## Deploy to Cloudflare, on STORAGE=durable or kv; DRY_RUN=1 only writes build/deploy
	$(if $(filter-out kv durable,$(STORAGE)),$(error STORAGE=$(STORAGE): wants durable or kv))
	@WRANGLER_SEND_METRICS=false wrangler deploy $(if $(STORAGE),--var STORAGE:$(STORAGE)) \
	    $(if $(DRY_RUN),--dry-run --outdir build/deploy)

.PHONY: clean
clean: ## Remove what was built (not node_modules, not .dev.vars)
	rm -rf build .wrangler client/registry/dist web/client

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# What everything stands on

node_modules/.package-lock.json: package-lock.json
	@echo "Installing the npm packages of package-lock.json"
	@PATH='$(system_path)' npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Asked every time, for CJSON_DIR may have changed; it touches the file only when the source differs.
build/cjson/cJSON.c: force
	@tools/cjson.sh

.PHONY: force
force:

# The module. The test build has routes that trap and the like, which no release may carry.

build/core-test.wasm: defines := -DRONDEVU_TEST_ROUTES
build/core.wasm build/core-test.wasm: $(module) $(headers) tools/cc-wasm.mjs package.json node_modules/.package-lock.json
	@echo "Compiling $@"
	@node tools/cc-wasm.mjs -o $@ $(defines) $(module)

# The browser client: a package in client/registry/dist, and what the worker serves to pages.

web/client/registry.js: tools/client.mjs client/registry/tsconfig.json \
    $(shell find client -path '*/src/*.ts') node_modules/.package-lock.json
	@echo "Building the client"
	@node tools/client.mjs

# The core built natively: unit tests under each compiler with the sanitizers on, and a replayed
# transcript, without them, to count instructions of.

warnings := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(if $(CI),-Werror)
sanitizers := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
version := $(shell sed -nE 's/.*"version": "([^"]+)".*/\1/p' package.json)
cflags := -std=c11 -g -MMD -MP -Isrc -Ikv -Itests/unit -Ibuild/cjson \
    -DCJSON_NESTING_LIMIT=32 -DRONDEVU_VERSION='"$(version)"'
libraries := -lcmocka -lcrypto -lbsd -lm

unit_tests := $(wildcard tests/unit/test_*.c)
unit_names := $(unit_tests:tests/unit/%.c=%)
# What the tests share, host.c for one, is linked into all of them.
shared := $(filter-out $(unit_tests),$(wildcard tests/unit/*.c))
native := $(core) $(wildcard kv/*.c) build/cjson/cJSON.c

# Only the host, with its crypto, clock and randomness, uses more than C11.
build/%/tests/unit/host.o: cflags += -D_GNU_SOURCE
build/%/cjson/cJSON.o: warnings := -w

# $(1): folder, $(2): compiler, $(3): its flags, $(4): what is linked besides the core
define native_build
build/$(1)/%.o: %.c build/cjson/cJSON.c $(MAKEFILE_LIST) | $(1)_tools
	@mkdir -p $$(@D)
	@$(2) $$(cflags) $$(warnings) $(3) -c $$< -o $$@
build/$(1)/cjson/cJSON.o: build/cjson/cJSON.c $(MAKEFILE_LIST) | $(1)_tools
	@mkdir -p $$(@D)
	@$(2) $$(cflags) $$(warnings) $(3) -c $$< -o $$@
.PHONY: $(1)_tools
$(1)_tools:
	@tools/debian.sh $(if $(findstring native,$(1)),bench,test)
objects_$(1) := $$(patsubst build/$(1)/build/%,build/$(1)/%,$$(patsubst %.c,build/$(1)/%.o,$$(native) $(4)))
-include $$(shell find build/$(1) -name '*.d' 2>/dev/null)
endef

define unit_build
$(call native_build,unit/$(1),$(1),-O1 $(sanitizers),$(shared))
$(unit_names:%=build/unit/$(1)/%): build/unit/$(1)/%: build/unit/$(1)/tests/unit/%.o $$(objects_unit/$(1))
	@$(1) $(sanitizers) $$^ -o $$@ $(libraries)
endef

$(eval $(call unit_build,gcc))
$(eval $(call unit_build,clang))
$(eval $(call native_build,native,gcc,-O2,$(wildcard tests/unit/host.c)))

.PHONY: unit
unit: $(foreach cc,gcc clang,$(unit_names:%=build/unit/$(cc)/%))

build/native/transcript build/native/scale: build/native/%: build/native/bench/%.o $(objects_native)
	@gcc $^ -o $@ -lcrypto -lbsd -lm

# Objects are kept between runs, though only the binaries are asked for.
.SECONDARY:
