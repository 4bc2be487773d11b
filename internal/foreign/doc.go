// Package foreign calls functions of C libraries from a static Go program, without cgo, in a process of their own.
//
//	p, err := foreign.Start()
//	lib, err := p.Open("libmpi.so.40", "libmpi.so")
//	init, err := p.Symbol(lib, "MPI_Init")
//	code, err := p.Call(init, 0, 0)
//
// A C library needs a C runtime, and one process has room for either that or a static Go program: a program that could
// load libraries itself would be linked to the dynamic loader, and no longer start where there is none or another one. So
// the libraries live in a companion, a process that knows nothing but how to call a function with eight integers. Its
// program is made here as it is started: headers that name the dynamic loader and the C library, and a hundred bytes of
// code, which are those of loop_*.s. Memory is shared between the two, so that no array is copied.
//
// It is also a wall: a library that installs signal handlers, starts threads, overwrites its memory or aborts does so in
// the companion, and the program gets an error. The companion ends when the program does.
package foreign
