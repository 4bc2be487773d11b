//go:build !linux || !(amd64 || arm64)

package foreign

import (
	"errors"
	"time"
)

// ErrEnded is the cause of errors of a companion that has ended: killed, or by itself.
var ErrEnded = errors.New("the process of the library has ended")

var errUnsupported = errors.New("libraries can be called on Linux only, on amd64 and arm64")

// Process is a companion; on this system there is none.
type Process struct{}

func Start() (*Process, error)                               { return nil, errUnsupported }
func (p *Process) Open(...string) (uintptr, error)           { return 0, errUnsupported }
func (p *Process) Symbol(uintptr, string) (uintptr, error)   { return 0, errUnsupported }
func (p *Process) Call(uintptr, ...uintptr) (uintptr, error) { return 0, errUnsupported }
func (p *Process) CString(uintptr) (string, error)           { return "", errUnsupported }
func (p *Process) SetDeadline(time.Time) error               { return errUnsupported }
func (p *Process) Alloc(int) ([]byte, error)                 { return nil, errUnsupported }
func (p *Process) Address([]byte) uintptr                    { return 0 }
func (p *Process) Close() error                              { return errUnsupported }
func (p *Process) Kill()                                     {}
