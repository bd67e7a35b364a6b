package process_test

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/doorstep-auth/doorstep/local/process"
)

func start(t *testing.T, script string) *process.Process {
	t.Helper()
	p, err := process.Start(exec.Command("sh", "-c", script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestStopAsksFirst(t *testing.T) {
	file := t.TempDir() + "/asked"
	p := start(t, `trap 'touch `+file+`; exit' TERM; touch `+file+`.ready; while :; do sleep 0.01; done`)
	await(t, func() bool { _, err := os.Stat(file + ".ready"); return err == nil })
	p.Stop(5 * time.Second)
	if _, err := os.Stat(file); err != nil {
		t.Error("the program got no SIGTERM")
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	p := start(t, `trap '' TERM; while :; do sleep 0.01; done`)
	time.Sleep(50 * time.Millisecond)
	began := time.Now()
	p.Stop(100 * time.Millisecond)
	if took := time.Since(began); took < 100*time.Millisecond || took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAProgramThatIsMissing(t *testing.T) {
	if _, err := process.Start(exec.Command("/nowhere/nothing")); err == nil {
		t.Error("there was no error")
	}
}

// The child of a runner that is killed, and so can't tidy up, dies too.
func TestNothingOutlivesAKilledRunner(t *testing.T) {
	if os.Getenv("PLAY_RUNNER") != "" {
		child, err := process.Start(exec.Command("sleep", "300"))
		if err != nil {
			t.Fatal(err)
		}
		os.Stdout.WriteString("child " + strconv.Itoa(child.PID()) + "\n")
		select {}
	}
	runner := exec.Command(os.Args[0], "-test.run", "^TestNothingOutlivesAKilledRunner$")
	runner.Env = append(os.Environ(), "PLAY_RUNNER=1")
	output, err := runner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := runner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "child ")))
	if err != nil {
		t.Fatal(err)
	}
	if syscall.Kill(pid, 0) != nil {
		t.Fatal("the child doesn't run")
	}
	_ = runner.Process.Kill()
	_ = runner.Wait()
	await(t, func() bool { return !running(pid) })
}

// running is false for a program that has ended, even if nobody has asked how.
func running(pid int) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}

func await(t *testing.T, condition func() bool) {
	t.Helper()
	for limit := time.Now().Add(5 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("it didn't happen")
		}
	}
}
