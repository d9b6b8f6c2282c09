// The chat of a page: #chat-log and, while that is empty, #chat-empty. Names and messages come from
// strangers, so they are only ever set as text.

import { el, make } from "./util.js";

export class ChatView {
  #list = el("chat-log", HTMLOListElement);
  #empty = el("chat-empty", HTMLElement);
  #lastFrom = "";

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
    this.#append(item, sender);
  }

  /** A remark of the page itself, such as who came and went. @param {string} text */
  note(text) {
    this.#append(make("li", "chat-note", text), "");
  }

  clear() {
    this.#list.replaceChildren();
    this.#lastFrom = "";
    this.#empty.hidden = false;
  }

  /** @param {HTMLElement} item @param {string} sender */
  #append(item, sender) {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const follow = scrollHeight - scrollTop - clientHeight < 80;
    this.#lastFrom = sender;
    this.#empty.hidden = true;
    this.#list.append(item);
    if (follow) this.#list.scrollTop = this.#list.scrollHeight;
  }
}
