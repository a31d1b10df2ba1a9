// Stands in for monaco-editor and its React wrapper. The component needs them for scripts, which our models may not
// hold, and for the entry's schema, which is JSON text: a plain field does. Without them there are no workers, no
// fonts, no scripts that load scripts, and half the bundle.
import { useEffect, useState } from "react";

export const MarkerSeverity = { Error: 8 };
export const loader = { config() {} };
export const useMonaco = () => null;

export function Editor({ value = "", onChange, options, height }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <textarea
      className="plain-editor"
      style={{ height }}
      spellCheck={false}
      readOnly={Boolean(options?.readOnly)}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        onChange?.(event.target.value);
      }}
    />
  );
}

export function DiffEditor({ original, modified, height }) {
  return (
    <div className="plain-editor-pair" style={{ height }}>
      <Editor value={original} options={{ readOnly: true }} />
      <Editor value={modified} options={{ readOnly: true }} />
    </div>
  );
}

export default Editor;
