import { defineConfig, mergeConfig } from "vitest/config";
import vite from "./vite.config";

// Apart from vite.config.ts, so that building needs nothing that only tests need.
export default mergeConfig(
  vite,
  defineConfig({ test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node" } }),
);
