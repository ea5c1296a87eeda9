import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules/**"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  ...tseslint.configs.recommended,
  {
    files: ["src/**/*.{ts,tsx}"],
    plugins: { "react-hooks": reactHooks },
    rules: {
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      // A card runs in a worker of HubSpot's: no page, and no network but the signed one.
      "no-restricted-globals": ["error", "window", "document", "localStorage", "sessionStorage", "fetch", "alert"],
    },
  },
  { rules: { eqeqeq: "error", "max-len": ["error", { code: 120 }], "no-shadow": "error", "prefer-const": "error" } },
);
