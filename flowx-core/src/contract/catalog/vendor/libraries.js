// What the page uses of its libraries; bundled into libraries.min.js, see README.md.
export { h, render, createContext } from "preact";
export { useContext, useEffect, useErrorBoundary, useMemo, useRef, useState } from "preact/hooks";
export { default as htm } from "htm";
export { Validator } from "@cfworker/json-schema";
export { Lexer } from "marked";
