"""Tools of MCP servers as actions: declared like any other, behind the same boundary."""
