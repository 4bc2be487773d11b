// Package floats has what the math package lacks.
package floats
