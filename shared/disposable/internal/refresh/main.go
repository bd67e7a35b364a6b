// Command refresh makes the list that package disposable embeds: domains.txt, and
// LICENSE-LIST beside it.
//
// Its source is the block list of the project disposable-email-domains, in the
// Python package of that name (decision 0015). pip fetches the newest unless
// -version names one or -wheel a file. What the list says of whole mail providers
// decides whether people are let in, so a list that looks wrong isn't taken.
package main

import (
	"archive/zip"
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	pythonPackage = "disposable-email-domains"
	listInside    = "disposable_email_domains/__init__.py"
	fewest, most  = 5_000, 50_000
)

// everybodys are providers that ordinary people use, or whose aliases reach one
// person for good: a list that has one of them is wrong or has been tampered with.
var everybodys = []string{
	"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "icloud.com", "me.com",
	"aol.com", "proton.me", "protonmail.com", "fastmail.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.ru", "yandex.ru",
	"qq.com", "163.com", "naver.com", "orange.fr", "libero.it", "zoho.com", "hey.com", "tutanota.com", "posteo.de", "mailbox.org",
	"comcast.net", "duck.com", "privaterelay.appleid.com", "mozmail.com", "amazonses.com", "example.com",
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("refresh: ")
	wheel := flag.String("wheel", "", "the package's wheel, if pip needn't fetch it")
	version := flag.String("version", "", "version to fetch; empty is the newest")
	flag.Parse()
	path := *wheel
	if path == "" {
		folder, err := os.MkdirTemp("", "disposable")
		check(err)
		defer os.RemoveAll(folder)
		path, err = fetch(folder, *version)
		check(err)
	}
	files, err := unzip(path)
	check(err)
	domains, err := read(files[listInside])
	check(err)
	check(sound(domains))
	report(domains)
	check(os.WriteFile("domains.txt", []byte(strings.Join(domains, "\n")+"\n"), 0o644))
	check(os.WriteFile("LICENSE-LIST", license(filepath.Base(path), files), 0o644))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// fetch has pip download the package, without anything else and without running any of it.
func fetch(folder, version string) (string, error) {
	wanted := pythonPackage
	if version != "" {
		wanted += "==" + version
	}
	pip := exec.Command("python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
		"--no-deps", "--only-binary", ":all:", "--dest", folder, wanted)
	pip.Stderr = os.Stderr
	if err := pip.Run(); err != nil {
		return "", fmt.Errorf("pip download: %w", err)
	}
	wheels, _ := filepath.Glob(filepath.Join(folder, "*.whl"))
	if len(wheels) != 1 {
		return "", fmt.Errorf("pip left %d wheels", len(wheels))
	}
	return wheels[0], nil
}

func unzip(path string) (map[string][]byte, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer archive.Close()
	files := map[string][]byte{}
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			return nil, err
		}
		if files[file.Name], err = io.ReadAll(content); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// read takes the entries of the module's set literal called blocklist: a quoted domain a line.
func read(module []byte) ([]string, error) {
	_, rest, found := bytes.Cut(module, []byte("blocklist = {\n"))
	literal, _, closed := bytes.Cut(rest, []byte("\n}"))
	if !found || !closed {
		return nil, fmt.Errorf("%s has no set called blocklist", listInside)
	}
	var domains []string
	for line := range strings.Lines(string(literal)) {
		entry := strings.TrimSpace(line)
		domain := strings.Trim(entry, `',`)
		if entry != "'"+domain+"'," && entry != "'"+domain+"'" || !plain(domain) {
			return nil, fmt.Errorf("%s: the entry %q isn't a quoted domain", listInside, entry)
		}
		domains = append(domains, domain)
	}
	slices.Sort(domains)
	return slices.Compact(domains), nil
}

// plain checks a domain of two labels or more, in lower case and ASCII.
func plain(domain string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	labels := strings.Split(domain, ".")
	return len(labels) > 1 && len(domain) < 254 && !slices.ContainsFunc(labels, func(label string) bool {
		return label == "" || strings.Trim(label, letters) != ""
	})
}

func sound(domains []string) error {
	if len(domains) < fewest || len(domains) > most {
		return fmt.Errorf("the list has %d domains, expected %d to %d", len(domains), fewest, most)
	}
	for _, domain := range everybodys {
		for name := domain; strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
			if slices.Contains(domains, name) {
				return fmt.Errorf("the list has %s", name)
			}
		}
	}
	return nil
}

// report says what changes, for whoever is to take it.
func report(domains []string) {
	before, _ := os.ReadFile("domains.txt")
	was := strings.Fields(string(before))
	added, gone := 0, 0
	for _, domain := range domains {
		if _, known := slices.BinarySearch(was, domain); !known {
			added++
		}
	}
	for _, domain := range was {
		if _, kept := slices.BinarySearch(domains, domain); !kept {
			gone++
		}
	}
	fmt.Printf("%d domains: %d added, %d gone\n", len(domains), added, gone)
}

// license is the licence under which the wheel comes.
func license(wheel string, files map[string][]byte) []byte {
	text := []byte("domains.txt is the block list in " + wheel + " (Python package " + pythonPackage + "),\nsorted, one domain a line. It comes under this licence:\n\n")
	for name, content := range files {
		if strings.HasSuffix(name, "/LICENSE.txt") {
			return append(text, content...)
		}
	}
	log.Fatal("the package has no licence")
	return nil
}
