// Mounts the engine's visual editor over every <textarea data-jdm-editor>. The textarea stays the form's field.
import "@gorules/jdm-editor/dist/style.css";
import "./page.css";

import { DecisionGraph, JdmConfigProvider } from "@gorules/jdm-editor";
import { ConfigProvider } from "antd";
import chinese from "antd/locale/zh_CN";
import { useEffect, useRef, useState } from "react";
import { createRoot } from "react-dom/client";

import { Field } from "./field.js";
import { prepareKinds } from "./kinds.js";

const ZOOM = 0.75;
const MARGIN = 40;
const SETTLE_MILLISECONDS = 250;

function useDarkness() {
  const root = document.documentElement;
  const [isDark, setDark] = useState(root.classList.contains("dark"));
  useEffect(() => {
    const watcher = new MutationObserver(() => setDark(root.classList.contains("dark")));
    watcher.observe(root, { attributeFilter: ["class"] });
    return () => watcher.disconnect();
  }, []);
  return isDark;
}

// Where one begins to read: the left upper corner of the model, large enough for its words.
function beginning({ nodes }) {
  const least = (axis) => (nodes.length ? Math.min(...nodes.map(({ position }) => position?.[axis] ?? 0)) : 0);
  return { x: MARGIN - least("x") * ZOOM, y: MARGIN - least("y") * ZOOM, zoom: ZOOM };
}

// The nodes that the linter complains of get a red frame, by a style of their ids.
function Marks({ findings }) {
  const nodes = [...new Set(findings.map(({ node }) => node).filter(Boolean))];
  const frames = nodes.map((node) => `.react-flow__node[data-id="${CSS.escape(node)}"] > *`);
  return frames.length ? <style>{`${frames.join(",")}{outline:2px solid #dc2626;outline-offset:2px}`}</style> : null;
}

// Show a node: the rows of one that has some, otherwise its place in the picture.
function open(graph, id) {
  const node = graph?.stateStore.getState().decisionGraph.nodes.find((each) => each.id === id);
  if (!node) return;
  graph.openTab(["decisionTableNode", "expressionNode"].includes(node.type) ? id : "graph");
  requestAnimationFrame(() => graph.goToNode(id));
}

function ModelEditor({ field }) {
  const graph = useRef(null);
  const [model, setModel] = useState(field.model);
  const [isText, setText] = useState(false);
  const [isWide, setWide] = useState(false);
  const [complaint, setComplaint] = useState("");
  const isDark = useDarkness();

  const keep = () => {
    const state = graph.current?.stateStore?.getState?.();
    if (state) field.write(state.decisionGraph);
  };
  useEffect(() => {
    // A table reports what is typed a tenth of a second later: the form is held back until all of it is in the text.
    const form = field.textarea.form;
    let isSettled = field.isLocked;
    let waiting;
    const send = (event) => {
      if (isSettled) {
        isSettled = field.isLocked;
        return;
      }
      event.preventDefault();
      event.stopImmediatePropagation();
      waiting ??= setTimeout(() => {
        waiting = undefined;
        keep();
        isSettled = true;
        form.requestSubmit(event.submitter);
      }, SETTLE_MILLISECONDS);
    };
    form?.addEventListener("submit", send, { capture: true });
    const follow = (event) => {
      const node = event.target.closest?.("[data-jdm-node]")?.dataset.jdmNode;
      if (node) open(graph.current, node);
    };
    document.addEventListener("click", follow);
    return () => {
      clearTimeout(waiting);
      form?.removeEventListener("submit", send, { capture: true });
      document.removeEventListener("click", follow);
    };
  }, []);
  useEffect(() => {
    field.textarea.style.display = isText ? "" : "none";
  }, [isText]);

  const toText = () => {
    setTimeout(() => {
      keep();
      setText(true);
    }, SETTLE_MILLISECONDS);
  };
  const toGraph = () => {
    if (!isText) return;
    try {
      field.read();
    } catch (error) {
      setComplaint(`文本不是可读的模型，请先改正：${error.message}`);
      return;
    }
    setComplaint("");
    setModel(field.model);
    setText(false);
  };

  return (
    <div className={isWide && !isText ? "jdm-wide" : undefined}>
      <div className="jdm-switch" role="group" aria-label="编辑方式">
        <button type="button" aria-pressed={!isText} onClick={toGraph}>图形</button>
        <button type="button" aria-pressed={isText} onClick={toText}>文本</button>
        {!isText && <button type="button" aria-pressed={isWide} onClick={() => setWide(!isWide)}>全屏</button>}
        {complaint && <span role="alert">{complaint}</span>}
      </div>
      {!isText && (
        <div className="jdm-canvas" style={{ height: Number(field.textarea.dataset.height) || 640 }}>
          <Marks findings={field.findings} />
          <ConfigProvider locale={chinese}>
            <JdmConfigProvider theme={{ mode: isDark ? "dark" : "light" }}>
              <DecisionGraph
                ref={graph}
                name={`${field.textarea.name || "model"}.json`}
                defaultValue={{ nodes: model.nodes, edges: model.edges }}
                disabled={field.isLocked}
                onChange={(changed) => field.write(changed)}
                onReactFlowInit={(flow) => flow.setViewport(beginning(model))}
              />
            </JdmConfigProvider>
          </ConfigProvider>
        </div>
      )}
    </div>
  );
}

function mount(textarea) {
  const place = document.createElement("div");
  place.className = "jdm-editor";
  textarea.before(place);
  let field;
  try {
    field = new Field(textarea);
  } catch (error) {
    place.textContent = `文本不是可读的模型（${error.message}），图形编辑器未打开；请改正文本并保存。`;
    place.setAttribute("role", "alert");
    return;
  }
  createRoot(place).render(<ModelEditor field={field} />);
}

// A sample that somebody pastes to derive a schema from would stay in the browser, for whoever uses it next.
function forgetSamples() {
  for (const key of Object.keys(localStorage)) if (key.endsWith("-model")) localStorage.removeItem(key);
}

forgetSamples();
addEventListener("pagehide", forgetSamples);
prepareKinds();
document.querySelectorAll("textarea[data-jdm-editor]").forEach(mount);
