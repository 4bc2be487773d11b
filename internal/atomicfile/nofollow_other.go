//go:build !unix

package atomicfile

// noFollow is nothing where the system has no such flag: CheckNoLink alone finds a link.
const noFollow = 0
