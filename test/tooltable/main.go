// Tooltable looks up in the module proxy what each module of a table asks for since which release, and writes the table anew:
//
//	go generate ./verifier/knowledge
//
// A line that holds nothing but a module's path adds that module. What stands in the table stays, where the proxy has no more than
// that: a release never changes its go line.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/semver"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: tooltable FILE")
	}
	table := os.Args[1]
	text, err := os.ReadFile(table)
	if err != nil {
		log.Fatal(err)
	}
	known := map[string]map[string]release{} // by module and version
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if strings.HasPrefix(line, "#") || fields[0] == "module" || fields[0] == "" {
			continue
		}
		if known[fields[0]] == nil {
			known[fields[0]] = map[string]release{}
		}
		if fields = append(fields, ""); len(fields) > 3 {
			known[fields[0]][fields[1]] = release{fields[2], fields[3]}
		}
	}
	var wait sync.WaitGroup
	turns := make(chan bool, 4)
	for path, releases := range known {
		wait.Go(func() {
			turns <- true
			defer func() { <-turns }()
			if err := update(path, releases); err != nil {
				log.Print(err)
			}
		})
	}
	wait.Wait()

	var out bytes.Buffer
	fmt.Fprintf(&out, "# go lines by the module proxy, %s: of each module its oldest release there, each that changes the line, and the newest\nmodule\tversion\tgo\treleased\n", time.Now().UTC().Format(time.DateOnly))
	for _, path := range slices.Sorted(maps.Keys(known)) {
		before := ""
		versions := slices.SortedFunc(maps.Keys(known[path]), semver.Compare)
		for i, version := range versions {
			if r := known[path][version]; i == 0 || i == len(versions)-1 || r.goes != before {
				fmt.Fprintf(&out, "%s\t%s\t%s\t%s\n", path, version, r.goes, r.day)
				before = r.goes
			}
		}
	}
	if err := os.WriteFile(table, out.Bytes(), 0o666); err != nil {
		log.Fatal(err)
	}
}

// release is the go line of a version, which may be empty, and its day.
type release struct{ goes, day string }

// update adds what is between two releases that ask for different Gos, until they follow each other.
func update(path string, known map[string]release) error {
	latest, err := look(path, "latest") // go itself knows which that is: one that is not retracted, nor renamed
	if err != nil {
		return err
	}
	known[latest.Version] = latest.release()
	versions := slices.DeleteFunc(latest.Versions, func(v string) bool {
		return semver.Prerelease(v) != "" || semver.Build(v) != "" || semver.Compare(v, latest.Version) > 0
	})
	versions = slices.AppendSeq(versions, maps.Keys(known))
	slices.SortFunc(versions, semver.Compare)
	return between(path, slices.Compact(versions), known)
}

func between(path string, versions []string, known map[string]release) error {
	first, last := versions[0], versions[len(versions)-1]
	for _, version := range []string{first, last} {
		if _, ok := known[version]; ok {
			continue
		}
		found, err := look(path, version)
		if err != nil {
			return err
		}
		known[version] = found.release()
	}
	if len(versions) <= 2 || known[first].goes == known[last].goes {
		return nil
	}
	middle := len(versions) / 2
	if err := between(path, versions[:middle+1], known); err != nil {
		return err
	}
	return between(path, versions[middle:], known)
}

// module is what go tells of a version.
type module struct {
	Version   string
	Versions  []string
	GoVersion string
	Time      time.Time
}

func (m module) release() release { return release{m.GoVersion, m.Time.UTC().Format(time.DateOnly)} }

func look(path, version string) (module, error) {
	command := exec.Command("go", "list", "-m", "-versions", "-json", path+"@"+version)
	var words bytes.Buffer
	command.Stderr = &words
	out, err := command.Output()
	if err != nil {
		return module{}, fmt.Errorf("%s", bytes.TrimSpace(words.Bytes()))
	}
	var m module
	err = json.Unmarshal(out, &m)
	return m, err
}
