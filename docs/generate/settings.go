package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/doorstep-auth/doorstep/shared/settings"
)

// settingsExample is shown in docs/settings.md; a test reads it.
const settingsExample = `{
  "profile": "clerk",
  "app_name": "Acme",
  "allowed_origins": ["https://app.acme.example"],
  "redirect_urls": ["https://app.acme.example/sign-up"],
  "attributes": {"username": {"requirement": "optional"}},
  "password": {"min_length": 12}
}`

const settingsIntro = `# Settings

One JSON document says what an instance allows. Every key is optional: what the document doesn't say is as below, or as the
profile says that it names. Objects merge key by key; lists and all else replace.

` + "```json\n" + settingsExample + "\n```" + `

The document is read before the first request. An unknown or repeated key, a wrong type or value, or two keys that
contradict each other stop the function with one line that names everything wrong by its full key.

- Locally: ` + "`make run SETTINGS=settings.json`" + `, with a file or the bare name of a profile.
- Deployed: the template's parameter ` + "`Settings`" + `, with the document or the bare name of a profile:
  ` + "`sam deploy --parameter-overrides \"Settings='$(cat settings.json)'\"`" + `. Write an apostrophe inside the document as ` + "`\\u0027`" + `. AWS Lambda
  gives all environment variables of a function 4 KB together, so keep the document under 3 KB.

Profiles: %s. Where the default is an empty text, the empty text stands for none. Addresses are https; http is for the
loopback host.
`

// settingsPage writes one table a section, from the declaration in package settings.
func settingsPage() ([]byte, error) {
	var page bytes.Buffer
	fmt.Fprintf(&page, settingsIntro, "`"+strings.Join(settings.Profiles(), "`, `")+"`")
	keys := settings.Keys()
	page.WriteString("\n## General\n\n" + settingsHead)
	for _, key := range keys {
		if !key.Section && !strings.Contains(key.Name, ".") {
			settingsRow(&page, key, key.Sentence)
		}
	}
	for i, key := range keys {
		if key.Section && !strings.Contains(key.Name, ".") {
			settingsSection(&page, key, keys[i+1:])
		}
	}
	return page.Bytes(), nil
}

const settingsHead = "| Key | Accepts | Default | Meaning |\n| --- | --- | --- | --- |\n"

// settingsSection writes the keys below section, which are the first of those that follow it.
func settingsSection(page *bytes.Buffer, section settings.Key, following []settings.Key) {
	fmt.Fprintf(page, "\n## %s\n\n%s\n\n%s", section.Name, section.Sentence, settingsHead)
	for i, key := range following {
		if !strings.HasPrefix(key.Name, section.Name+".") {
			return
		}
		if key.Section {
			continue
		}
		sentence := key.Sentence
		if parent, alone := onlyChild(following, i); alone {
			sentence = parent.Sentence
		}
		settingsRow(page, key, sentence)
	}
}

// onlyChild returns the section right above key i if that key is all it holds:
// then the section's sentence says more than the key's.
func onlyChild(keys []settings.Key, i int) (settings.Key, bool) {
	if i == 0 || !keys[i-1].Section {
		return settings.Key{}, false
	}
	parent := keys[i-1]
	return parent, i+1 == len(keys) || !strings.HasPrefix(keys[i+1].Name, parent.Name+".")
}

func settingsRow(page *bytes.Buffer, key settings.Key, sentence string) {
	fmt.Fprintf(page, "| `%s` | %s | `%s` | %s |\n", key.Name, cell(key.Accepts), cell(key.Default), cell(sentence))
}
