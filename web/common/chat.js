// A chat of the page: #chat-log and, while that is empty, #chat-empty. Of several chats one is on the page,
// and the others are put aside. Names and messages come from strangers, so they are only ever set as text.

import { el, make } from "./util.js";

/** How long a screen reader is told to keep quiet when a chat comes back, in ms. */
const SILENCE = 500;

export class ChatView {
  #list = el("chat-log", HTMLOListElement);
  #empty = el("chat-empty", HTMLElement);
  #lastFrom = "";
  /** Where everything is kept while the page shows another chat. @type {DocumentFragment | null} */
  #aside = null;

  /** How many messages came while it was put aside. */
  unread = 0;

  /** @param {string} from @param {string} text @param {boolean} own */
  message(from, text, own) {
    const item = make("li", own ? "message own" : "message");
    item.dataset.testid = "chat-message";
    item.dataset.from = from;
    item.dataset.text = text;
    const sender = `${own}/${from}`;
    const author = make(
      "span",
      sender === this.#lastFrom ? "visually-hidden" : "message-from",
      from,
    );
    author.append(make("span", "visually-hidden", ": "));
    item.append(author, make("span", "message-text", text));
    if (this.#aside) this.unread += 1;
    this.#append(item, sender);
  }

  /** A remark of the page itself, such as who came and went. @param {string} text */
  note(text) {
    this.#append(make("li", "chat-note", text), "");
  }

  /** Takes everything off the page, to make room for another chat. */
  putAside() {
    this.#aside = new DocumentFragment();
    this.#aside.append(...this.#list.childNodes);
  }

  /** Brings everything back. The page must be rid of the other chat. */
  bringBack() {
    // What was read out when it came is not read out again.
    this.#list.setAttribute("aria-live", "off");
    if (this.#aside) this.#list.append(this.#aside);
    this.#aside = null;
    this.unread = 0;
    this.#empty.hidden = this.#list.childElementCount > 0;
    this.#list.scrollTop = this.#list.scrollHeight;
    setTimeout(() => this.#list.setAttribute("aria-live", "polite"), SILENCE);
  }

  clear() {
    this.#list.replaceChildren();
    this.#lastFrom = "";
    this.#empty.hidden = false;
  }

  /** @param {HTMLElement} item @param {string} sender */
  #append(item, sender) {
    this.#lastFrom = sender;
    if (this.#aside) return this.#aside.append(item);
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const follow = scrollHeight - scrollTop - clientHeight < 80;
    this.#empty.hidden = true;
    this.#list.append(item);
    if (follow) this.#list.scrollTop = this.#list.scrollHeight;
  }
}
