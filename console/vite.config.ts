import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env.ANSWERABLE_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  base: "/console/",
  cacheDir: "node_modules/.vite",
  plugins: [react()],
  build: {
    outDir: "../src/answerable/web/assets/console",
    emptyOutDir: true,
    // Below this size Vite would inline fonts and pictures as data: addresses, which the content policy refuses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // What is bundled, letters included, may be passed on only with its licence beside it.
    license: { fileName: "licences.md" },
  },
  server: { proxy: { "/api": server } },
});
