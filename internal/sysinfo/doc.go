// Package sysinfo asks the operating system for the memory of the machine, and for the memory and the waiting of this
// process.
package sysinfo
