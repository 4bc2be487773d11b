// Package ui shows a person what happens: lines, progress, and notes on what numbers do not show.
package ui
