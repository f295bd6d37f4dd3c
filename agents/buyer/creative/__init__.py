"""What is in a creative: files and their types, HTML, trackers, templates, previews (rules 178 to 183, 189)."""
