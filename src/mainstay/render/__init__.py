"""Values to text, tables, SVG, HTML, Markdown: every report, card, page and terminal table is drawn here."""
