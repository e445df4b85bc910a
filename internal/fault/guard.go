package fault

import (
	"fmt"
	"runtime/debug"
)

// PanicError is what a piece of work has panicked with. It is a failure of ours.
type PanicError struct {
	Value any
	Stack string // for the log
}

// Error implements error.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Guard calls fn, and returns what it panics with as a [*PanicError]. It stands
// around work that nobody waits for, in a goroutine of its own: what one row holds
// that we did not think of must not end the program for all, and again whenever it
// is started.
func Guard(fn func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{Value: p, Stack: string(debug.Stack())}
		}
	}()
	return fn()
}
