// Package terminal shows a person what a command tells: lines, and a progress bar where there is a terminal; or writes
// it as JSON lines for programs. Libraries know package ui alone.
package terminal
