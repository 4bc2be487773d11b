// Package table has what rows of every format are made of: cells and columns.
package table
