// Package process starts the programs that the local runner stands on — the engines and the functions' environments — so that none of them
// outlives it: they are stopped in order at the end, and they die with the runner even when it is killed.
package process

import (
	"errors"
	"os/exec"
	"syscall"
	"time"
)

// A Process is one running program. Its methods may be called from several goroutines.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// outputGrace is how long the output of a program that has ended is still read: a grandchild may hold it open for ever.
const outputGrace = 2 * time.Second

// Start runs cmd in a process group of its own, so that an interrupt typed at the terminal reaches the runner alone and the runner decides the
// order in which things stop. The error is exec's: the program is missing or can't be run.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, done: make(chan struct{})}
	cmd.WaitDelay = outputGrace
	release, err := bindToParent(cmd)
	if err != nil {
		return nil, err
	}
	started := make(chan error)
	go func() {
		defer release()
		p.run(started)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// run starts and awaits the program on one locked thread: on Linux a child's parent is a thread, and the child is killed when that ends.
func (p *Process) run(started chan<- error) {
	lockThread()
	defer unlockThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
	close(p.done)
}

// PID is the program's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended, however it ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err tells how the program ended, as exec.Cmd.Wait does. Call it only after Done is closed.
func (p *Process) Err() error { return p.err }

// Signal sends sig to the program's whole group. A program that has ended is no error.
func (p *Process) Signal(sig syscall.Signal) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	err := syscall.Kill(-p.PID(), sig)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// Stop asks the program to end with SIGTERM, kills it when it hasn't ended after grace, and returns when it has.
func (p *Process) Stop(grace time.Duration) {
	_ = p.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.Kill()
	}
}

// Kill ends the program at once and returns when it has ended.
func (p *Process) Kill() {
	_ = p.Signal(syscall.SIGKILL)
	<-p.done
}
