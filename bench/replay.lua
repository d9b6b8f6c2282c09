-- wrk script: sends the requests of a file again and again, or once. A line is a method, a path, a body
-- and any number of headers, parted by tabs; "{n}" in a path becomes a number that has not been used before.
--
--     wrk ... URL -- FILE ORIGIN FIRST_NUMBER [once]
--
-- Prints one line at the end: @@ requests microseconds answers-of-400-and-over socket-errors

local requests = {}
local at = 0
local number
local once

function init(arguments)
  number = tonumber(arguments[3])
  once = arguments[4] == "once"
  for line in io.lines(arguments[1]) do
    local method, path, body, more = line:match("^(.-)\t(.-)\t([^\t]*)(.*)$")
    local headers = { ["Content-Type"] = "application/json", ["Origin"] = arguments[2] }
    for name, value in more:gmatch("\t([^:]+): ([^\t]*)") do headers[name] = value end
    local text = body ~= "" and body or nil
    if path:find("{n}", 1, true) then
      -- The path comes once, in the first line.
      local whole = wrk.format(method, path, headers, text)
      local from, to = whole:find("{n}", 1, true)
      requests[#requests + 1] = { whole:sub(1, from - 1), whole:sub(to + 1) }
    else
      requests[#requests + 1] = wrk.format(method, path, headers, text)
    end
  end
end

function request()
  if once and at == #requests then wrk.thread:stop() end
  at = at % #requests + 1
  local next = requests[at]
  if type(next) == "string" then return next end
  number = number + 1
  return string.format("%s%09d%s", next[1], number, next[2])
end

function done(summary)
  local errors = summary.errors
  print(string.format("@@ %d %d %d %d", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
