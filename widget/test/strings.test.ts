/** Promises about the widget's languages. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, wordsIn } from "../src/strings.ts";

test("the first language that the widget speaks is taken, and English otherwise", () => {
  assert.equal(wordsIn(null, "ja", "de-AT", "fr").language, "de");
  assert.equal(wordsIn("fr-CA", "de").send, "Envoyer");
  assert.equal(wordsIn("xx").send, "Send");
  assert.equal(wordsIn().send, "Send");
});

test("every language has every word", () => {
  const names = Object.keys(wordsIn("en"));
  for (const language of ["de", "es", "fr"]) {
    const words = wordsIn(language);
    for (const name of names) assert.ok(words[name as keyof typeof words], `${language} ${name}`);
  }
});

test("a filled-in word is never read as a pattern", () => {
  assert.equal(fill("{} help", "$& Co"), "$& Co help");
});
