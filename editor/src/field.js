// The form's field: a textarea that holds a model as JSON. What the editor does not know of a model stays as it was,
// and a model that comes out as it went in leaves the text untouched, to the byte.

const sorted = (_, value) =>
  value && typeof value === "object" && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

const digest = ({ nodes, edges }) => JSON.stringify({ nodes, edges }, sorted);

export class Field {
  constructor(textarea) {
    this.textarea = textarea;
    this.read();
  }

  get isLocked() {
    return this.textarea.readOnly || this.textarea.disabled;
  }

  // Findings of the linter: [{node, row, reason}]; none where the attribute is absent or no JSON.
  get findings() {
    try {
      return JSON.parse(this.textarea.dataset.jdmFindings || "[]");
    } catch {
      return [];
    }
  }

  // Take the text as the model to show; throws where it is not a model.
  read() {
    const text = this.textarea.value;
    const model = text.trim() ? JSON.parse(text) : {};
    if (!model || typeof model !== "object" || Array.isArray(model)) throw new SyntaxError("not an object");
    for (const part of ["nodes", "edges"]) {
      model[part] ??= [];
      if (!Array.isArray(model[part])) throw new SyntaxError(`${part} is not a list`);
    }
    this.text = text;
    this.model = model;
    this.digest = digest(model);
  }

  write({ nodes, edges }) {
    if (this.isLocked) return;
    const isUnchanged = digest({ nodes, edges }) === this.digest;
    const text = isUnchanged ? this.text : JSON.stringify({ ...this.model, nodes, edges }, null, 2);
    if (text === this.textarea.value) return;
    this.textarea.value = text;
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
