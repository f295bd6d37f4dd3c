"""What a sales agent decides, as pure functions: settings, facts and a random draw in, a decision out."""
