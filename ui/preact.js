// @ts-check
// The one door to the vendored library, and the place where its types are named.
// @ts-ignore: the vendored file is plain bytes without declarations.
import * as vendor from "../assets/vendor/htm-preact.js";

/** @typedef {import("preact").ComponentChildren} Children */

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = vendor.html;
/** @type {typeof import("preact").render} */
export const render = vendor.render;
/** @type {typeof import("preact").createContext} */
export const createContext = vendor.createContext;
/** @type {typeof import("preact/hooks").useState} */
export const useState = vendor.useState;
/** @type {typeof import("preact/hooks").useEffect} */
export const useEffect = vendor.useEffect;
/** @type {typeof import("preact/hooks").useLayoutEffect} */
export const useLayoutEffect = vendor.useLayoutEffect;
/** @type {typeof import("preact/hooks").useRef} */
export const useRef = vendor.useRef;
/** @type {typeof import("preact/hooks").useMemo} */
export const useMemo = vendor.useMemo;
/** @type {typeof import("preact/hooks").useCallback} */
export const useCallback = vendor.useCallback;
/** @type {typeof import("preact/hooks").useContext} */
export const useContext = vendor.useContext;
/** @type {typeof import("preact/hooks").useErrorBoundary} */
export const useErrorBoundary = /** @type {any} */ (vendor).useErrorBoundary;

let ids = 0;

/** An id that no other element has, the same for as long as its component lives. */
export function useId() {
  return useState(() => `u${++ids}`)[0];
}
