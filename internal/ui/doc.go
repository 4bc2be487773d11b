// Package ui has what a library tells the user while it works, as values: messages, progress, and notes on what numbers
// do not show. It prints nothing: package terminal does.
package ui
