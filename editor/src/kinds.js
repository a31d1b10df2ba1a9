// The kinds of nodes that one may add: those that the linter accepts, with our own names and without links that lead
// out of the bank's network.
import { nodeSpecification } from "@gorules/jdm-editor";

const REFUSED = ["functionNode", "switchNode"];
const NAMES = { inputNode: "入口", outputNode: "出口", decisionTableNode: "决策表", expressionNode: "表达式" };

export function prepareKinds() {
  for (const kind of REFUSED) delete nodeSpecification[kind];
  for (const [kind, specification] of Object.entries(nodeSpecification)) {
    const generate = specification.generateNode;
    const name = NAMES[kind];
    specification.documentationUrl = undefined;
    specification.generateNode = (parameters) => {
      const numbered = kind === "inputNode" || kind === "outputNode" ? name : `${name}${parameters.index}`;
      return { ...generate(parameters), name: numbered };
    };
  }
}
