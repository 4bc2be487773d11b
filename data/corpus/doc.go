// Package corpus opens the text that a user names, tokenizes it into a store, and trains a vocabulary on it.
package corpus
