// Turns what a component answers into text, calling the components inside it.

/** @param {any} node */
export function text(node) {
  if (node === null || node === undefined || typeof node === "boolean") return "";
  if (typeof node === "string" || typeof node === "number") return String(node);
  if (Array.isArray(node)) return node.map(text).join("");
  if (typeof node.type === "function") return text(node.type(node.props));
  return text(node.props?.children);
}

/** All classes in what a component answers. @param {any} node @returns {string[]} */
export function classes(node) {
  if (node === null || typeof node !== "object") return [];
  if (Array.isArray(node)) return node.flatMap(classes);
  if (typeof node.type === "function") return classes(node.type(node.props));
  return [...String(node.props?.class ?? "").split(" ").filter(Boolean), ...classes(node.props?.children)];
}
