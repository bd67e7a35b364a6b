package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeDocker puts a docker command into PATH that runs script, and returns the file in which it notes its arguments.
func fakeDocker(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	noted := filepath.Join(dir, "noted")
	text := "#!/bin/sh\necho \"$*\" >>" + noted + "\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, "docker"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/bin:/usr/bin")
	return noted
}

const answering = `case "$*" in
*context*) echo unix:///there;;
*version*) echo 99.1;;
*network*) echo BRIDGE;;
esac`

func TestFind(t *testing.T) {
	fakeDocker(t, strings.Replace(answering, "BRIDGE", "nobody0", 1))
	e, err := Find(t.Context())
	if err != nil || e == nil || e.Host != "unix:///there" || e.Version != "99.1" || e.Own() {
		t.Fatalf("%+v %v", e, err)
	}
	// Its bridge isn't one of this machine's: the containers are in a virtual machine.
	if e.Listen != "127.0.0.1" || e.Reach != "host.docker.internal" {
		t.Errorf("listen at %s, reached as %s", e.Listen, e.Reach)
	}
	if err := e.Stop(); err != nil {
		t.Error(err)
	}
}

func TestNoEngineAnswers(t *testing.T) {
	fakeDocker(t, `case "$*" in *context*) echo unix:///there;; *) echo "Cannot connect" >&2; exit 1;; esac`)
	if e, err := Find(t.Context()); e != nil || err != nil {
		t.Errorf("%+v %v", e, err)
	}
	t.Setenv("PATH", t.TempDir())
	if e, err := Find(t.Context()); e != nil || err != nil {
		t.Errorf("without a docker command: %+v %v", e, err)
	}
}

// Only containers of this module's functions are removed: others' may run on the same engine.
func TestRemoveContainers(t *testing.T) {
	noted := fakeDocker(t, `case "$*" in *ps*) printf 'one /here/.aws-sam/x86_64/AFunction\ntwo /elsewhere/.aws-sam/x86_64/AFunction\n';; esac`)
	if err := (&Engine{}).RemoveContainers(t.Context(), "/here/.aws-sam/x86_64"); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(noted)
	if err != nil {
		t.Fatal(err)
	}
	calls := strings.Split(strings.TrimSpace(string(text)), "\n")
	if diff := cmp.Diff("rm --force --volumes one", calls[len(calls)-1]); diff != "" {
		t.Error(diff)
	}
}

func TestAnImageThatIsThereIsTaken(t *testing.T) {
	noted := fakeDocker(t, `echo sha256:1`)
	base, err := (&Engine{}).EnsureBase(t.Context())
	if err != nil || base != Found {
		t.Errorf("%s %v", base, err)
	}
	if text, _ := os.ReadFile(noted); bytes.Count(text, []byte("\n")) != 1 {
		t.Errorf("docker was called with\n%s", text)
	}
}

// Without an image, a busybox and a registry the error names all three.
func TestNoImageAtAll(t *testing.T) {
	fakeDocker(t, `echo "no such host" >&2; exit 1`)
	t.Setenv("PATH", strings.TrimSuffix(os.Getenv("PATH"), ":/bin:/usr/bin"))
	_, err := (&Engine{}).EnsureBase(t.Context())
	if err == nil || !strings.Contains(err.Error(), "busybox") || !strings.Contains(err.Error(), "no such host") || !strings.Contains(err.Error(), BaseImage) {
		t.Error(err)
	}
}

func TestABusyboxThatWillNotDo(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if _, err := findBusybox(); err == nil {
		t.Error("none was found")
	}
	if err := os.WriteFile(filepath.Join(dir, "busybox"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := findBusybox(); err == nil {
		t.Error("a script was taken for a program")
	}
	shell, err := os.ReadFile("/bin/bash")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("there is no dynamically linked program to try")
	}
	if err := os.WriteFile(filepath.Join(dir, "busybox"), shell, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := findBusybox(); err == nil || !strings.Contains(err.Error(), "static") {
		t.Error(err)
	}
}

func TestArchive(t *testing.T) {
	program := filepath.Join(t.TempDir(), "busybox")
	if err := os.WriteFile(program, []byte("a program"), 0o755); err != nil {
		t.Fatal(err)
	}
	content, err := archive(program)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := tar.NewReader(bytes.NewReader(content)); ; {
		header, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r)
		got = append(got, header.Name+" "+header.Linkname+string(text))
	}
	want := []string{"bin/busybox a program", "bin/sh busybox", "bin/mv busybox", "bin/chmod busybox", "bin/mkdir busybox"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDockerSaysWhatFailed(t *testing.T) {
	fakeDocker(t, `echo "what is wrong" >&2; exit 3`)
	_, err := (&Engine{Host: "unix:///there"}).docker(context.Background(), nil, "version")
	if err == nil || !strings.Contains(err.Error(), "docker --host unix:///there version: exit status 3: what is wrong") {
		t.Error(err)
	}
}
