// A page may give commands before the widget is there.
window.Answerable = window.Answerable || [];
window.Answerable.push(["on", "unread", (count) => (document.title = count ? `(${count}) Invoice` : "Invoice")]);
