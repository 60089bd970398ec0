/** How the element looks: the system's own colours, so that it fits any page, dark or light, and any contrast. */

/** The sheet of every element's shadow root. */
export const STYLE = `
:host { display: block; font: inherit; color: CanvasText; background: Canvas; line-height: 1.5; }
:host([hidden]) { display: none; }
p, ul, h2 { margin: 0 0 0.75rem; }
h2 { font-size: 1.125em; }
ul { padding: 0; list-style: none; }
li { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; padding: 0.25rem 0; }
[role="alert"]:not(:empty) { padding: 0.5rem 0.75rem; border: 2px solid; border-radius: 0.375rem; font-weight: 600; }
button, a { font: inherit; min-height: 2.75rem; padding: 0.5rem 1rem; border-radius: 0.375rem; box-sizing: border-box; }
button { color: ButtonText; background: ButtonFace; border: 1px solid ButtonText; cursor: pointer; }
button:disabled { opacity: 0.6; cursor: default; }
a { display: inline-block; color: LinkText; padding-inline: 0; }
:is(button, a):focus-visible { outline: 3px solid Highlight; outline-offset: 2px; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; }
[hidden] { display: none; }
`;
