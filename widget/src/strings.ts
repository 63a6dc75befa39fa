/** The widget's own words, in each language that it speaks. */

const LANGUAGES = ["en", "de", "es", "fr"];

/** In the order of the languages. */
const table = {
  help: "{} help|Hilfe von {}|Ayuda de {}|Aide {}",
  open: "Open help|Hilfe öffnen|Abrir la ayuda|Ouvrir l’aide",
  close: "Close|Schließen|Cerrar|Fermer",
  back: "Back|Zurück|Volver|Retour",
  page: "About this page|Zu dieser Seite|Sobre esta página|À propos de cette page",
  often: "Often asked|Oft gefragt|Preguntas frecuentes|Questions fréquentes",
  past: "Your conversations|Ihre Unterhaltungen|Sus conversaciones|Vos conversations",
  ask: "Ask a question|Frage stellen|Haga una pregunta|Posez une question",
  write: "Write a message|Nachricht schreiben|Escriba un mensaje|Écrivez un message",
  about: "What is it about?|Worum geht es?|¿De qué se trata?|De quoi s’agit-il ?",
  send: "Send|Senden|Enviar|Envoyer",
  person: "Talk to a person|Mit einem Menschen sprechen|Hablar con una persona|Parler à une personne",
  asked: "A person will answer here.|Ein Mensch antwortet hier.|Aquí le responderá una persona.|Une personne répondra ici.",
  rep: "{} is answering|{} antwortet|Le responde {}|{} vous répond",
  ai: "AI|KI|IA|IA",
  writing: "Looking it up…|Ich suche…|Buscando…|Je cherche…",
  source: "Source {}|Quelle {}|Fuente {}|Source {}",
  did: "Did this answer it?|War das die Antwort?|¿Respondió a su pregunta?|Est-ce la bonne réponse ?",
  yes: "Yes|Ja|Sí|Oui",
  no: "No|Nein|No|Non",
  thanks: "Thank you.|Danke.|Gracias.|Merci.",
  waiting: "Waiting to send|Wartet auf Versand|Pendiente de envío|En attente d’envoi",
  failed: "Not sent: {}|Nicht gesendet: {}|No enviado: {}|Non envoyé : {}",
  retry: "Try again|Erneut versuchen|Reintentar|Réessayer",
  remove: "Remove|Entfernen|Quitar|Retirer",
  long: "Too long: at most {} kB.|Zu lang: höchstens {} kB.|Demasiado largo: máximo {} kB.|Trop long : {} ko au plus.",
  cut: "Reconnecting…|Verbinde neu…|Reconectando…|Reconnexion…",
  resolved: "Resolved.|Abgeschlossen.|Resuelta.|Résolue.",
  again: "Start a new one|Neue beginnen|Empezar otra|En commencer une autre",
};

export type Words = Record<keyof typeof table, string> & { language: string };

/** In the first of the wanted languages that the widget speaks; in English if there is none. */
export function wordsIn(...wanted: readonly (string | null)[]): Words {
  const codes = wanted.map((tag) => (tag ?? "").slice(0, 2).toLowerCase());
  const language = codes.find((code) => LANGUAGES.includes(code)) ?? "en";
  const column = LANGUAGES.indexOf(language);
  const words = Object.entries(table).map(([name, row]) => [name, row.split("|")[column]]);
  return { ...Object.fromEntries(words), language };
}

export function fill(sentence: string, word: string | number): string {
  return sentence.replace("{}", () => `${word}`);
}
