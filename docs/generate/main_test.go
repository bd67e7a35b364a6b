package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/doorstep-auth/doorstep/shared/problem"
	"github.com/doorstep-auth/doorstep/shared/settings"
)

func TestDocumentsAreUpToDate(t *testing.T) {
	if err := run(true); err != nil {
		t.Error(err)
	}
}

func TestSettingsPageNamesEveryKey(t *testing.T) {
	page, err := settingsPage()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range settings.Keys() {
		row, section := "\n| `"+key.Name+"` | ", "\n## "+key.Name+"\n"
		if !key.Section && strings.Count(string(page), row) != 1 {
			t.Errorf("%s doesn't have one row", key.Name)
		}
		if key.Section && !strings.Contains(key.Name, ".") && strings.Count(string(page), section) != 1 {
			t.Errorf("%s doesn't have one section", key.Name)
		}
	}
}

func TestSettingsExampleIsValid(t *testing.T) {
	if _, err := settings.Parse([]byte(settingsExample)); err != nil {
		t.Error(err)
	}
}

func TestErrorsPageNamesEveryProblem(t *testing.T) {
	page, err := errorsPage()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problem.All() {
		if strings.Count(string(page), "\n| `"+p.Code+"` | ") != 1 {
			t.Errorf("%s doesn't have one row", p.Code)
		}
	}
}

// What is built in part says so, and what is missing.
func TestSecurityPageSaysWhatIsMissing(t *testing.T) {
	page, err := securityPage()
	if err != nil {
		t.Fatal(err)
	}
	for number, missing := range partly {
		row := fmt.Sprintf("\n| R%d | %s | **in part** (%s):<br>", number, requirements[number], missing)
		if strings.Count(string(page), row) != 1 {
			t.Errorf("R%d doesn't say that %s", number, missing)
		}
	}
	defer func(kept map[int]string) { partly = kept }(partly)
	partly = map[int]string{0: "", len(requirements) - 1: "", 19: "more than a test"}
	if _, err := securityPage(); err == nil || !strings.Contains(err.Error(), "R19") {
		t.Errorf("a requirement without a test is built in part: %v", err)
	}
}

func TestRenderFaultsNameTheDocument(t *testing.T) {
	if _, err := (document{path: "docs/x.bin", render: errorsPage}).page(nil); err == nil {
		t.Error("a document that can't say that it is generated is accepted")
	}
}

// What a person writes around the marks stays; a file without them is refused.
func TestPartOfAFile(t *testing.T) {
	d := document{path: "README.md", render: func() ([]byte, error) { return []byte("new\n"), nil }, within: true}
	page, err := d.page([]byte("above\n" + partBegins + "old\n" + partEnds + "below\n"))
	if want := "above\n" + partBegins + "new\n" + partEnds + "below\n"; err != nil || string(page) != want {
		t.Errorf("%q %v", page, err)
	}
	if _, err := d.page([]byte("above\n" + partEnds)); err == nil {
		t.Error("a file without marks is taken")
	}
}
