"""Chat on a web page: the widget is its client, and anybody may write another."""
