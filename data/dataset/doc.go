// Package dataset opens the rows of a task that a user names: it finds the task, tokenizes the rows, and notes what is
// odd about them.
package dataset
