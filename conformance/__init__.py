"""Black-box kit: judges any server over its wire."""
