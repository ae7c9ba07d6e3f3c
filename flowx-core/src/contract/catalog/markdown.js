// Descriptions, written in Markdown: read into tokens, shown as elements. No text becomes HTML.

function Markdown({ text }) {
  const tokens = useMemo(() => libraries.Lexer.lex(text || ""), [text]);
  return html`<div class="prose">${tokens.map(blockOf)}</div>`;
}

/** Texts of one line, such as a description in a table. */
function Words({ text }) {
  const tokens = useMemo(() => libraries.Lexer.lexInline(text || ""), [text]);
  return html`<span>${tokens.map(inlineOf)}</span>`;
}

function blockOf(token) {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "heading":
      // Below the headings of the page itself.
      return html`<h4>${inlines(token)}</h4>`;
    case "code":
      return html`<pre tabindex="0">${token.text}</pre>`;
    case "list":
      return h(token.ordered ? "ol" : "ul", null, token.items.map((item) => html`<li>${item.tokens.map(blockOf)}</li>`));
    case "blockquote":
      return html`<blockquote>${token.tokens.map(blockOf)}</blockquote>`;
    case "hr":
      return html`<hr />`;
    case "table":
      return html`<div class="scroll"><table>
        <thead><tr>${token.header.map((cell) => html`<th scope="col">${inlines(cell)}</th>`)}</tr></thead>
        <tbody>${token.rows.map((row) => html`<tr>${row.map((cell) => html`<td>${inlines(cell)}</td>`)}</tr>`)}</tbody>
      </table></div>`;
    case "text":
      return html`<span>${inlines(token)}</span>`;
    case "paragraph":
      return html`<p>${inlines(token)}</p>`;
    default:
      return html`<p>${token.raw}</p>`;
  }
}

function inlines(token) {
  return token.tokens ? token.tokens.map(inlineOf) : token.text;
}

function inlineOf(token) {
  switch (token.type) {
    case "strong":
      return html`<strong>${inlines(token)}</strong>`;
    case "em":
      return html`<em>${inlines(token)}</em>`;
    case "del":
      return html`<del>${inlines(token)}</del>`;
    case "codespan":
      return html`<code>${token.text}</code>`;
    case "br":
      return html`<br />`;
    case "link":
      // Other targets, a Rust path for example, lead nowhere from here.
      return /^https?:\/\//i.test(token.href)
        ? html`<a href=${token.href} target="_blank" rel="noopener noreferrer">${inlines(token)}</a>`
        : html`<span>${inlines(token)}</span>`;
    case "escape":
    case "text":
      return inlines(token);
    default:
      return token.raw;
  }
}
