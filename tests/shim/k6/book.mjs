// What happens while a script runs. The jar is the virtual user's, emptied for each iteration as k6 does.
export const book = { iterations: 0, failures: [], checks: {}, metrics: {}, jar: new Map(), began_ms: Date.now() };
