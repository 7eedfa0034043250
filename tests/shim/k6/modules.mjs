// Says to Node where the modules of k6 are, and that the script is a module though its name ends in .js.
const MODULES = { k6: "k6", "k6/data": "data", "k6/execution": "execution", "k6/http": "http", "k6/metrics": "metrics" };

export async function resolve(specifier, context, next) {
  const name = MODULES[specifier];
  if (name) return { url: new URL(`./${name}.mjs`, import.meta.url).href, format: "module", shortCircuit: true };
  return { ...(await next(specifier, context)), format: specifier.endsWith(".k6.js") ? "module" : undefined };
}
