package emucmd

// Wrangler's own words.
const msgInvalidValue = "Invalid values:\n  Argument: %s, Given: %q, Choices: %s"
