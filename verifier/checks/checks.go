// Package checks is the catalogue.
//
// Its one rule: a new check costs three touches, its value, its line in [All], and its case file, whose comment is the page
// that users read and whose archives are its tests.
package checks

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/dcverify/dcverify/verifier/check"
	"github.com/dcverify/dcverify/verifier/facts"
)

// All is every check, in the order of the codes.
func All() []check.Check {
	return []check.Check{
		goRuns,
		goFound,
		gorootValid,
		gorootConsistent,
		gorootMatchesGo,
		gorootToolchainSwitch,
		gorootIntact,
		gorootRedundant,
		gopathValid,
		gobinOnPath,
		moduleMode,
		buildcacheHealthy,
		buildcacheClean,
		platformCheck,
		toolchainSatisfiable,
		goEnvFile,
		pathSurvivesLogin,
		pathSane,
		goflagsValid,
		envDrift,
		runExport,
		envLostBetweenStages,
		envPathClobbered,
		runBeforeFeature,
		rootBuiltCache,
		toolNeedsNewerGo,
		goGetInstall,
		argMissing,
		pathFrozen,
		goEnvWrongUser,
		configValid,
		remoteEnvPathClobbered,
		envNotExpanded,
		remoteEnvNull,
		versionDrift,
		debugPrivileges,
		obsoleteConfig,
		userMismatch,
		settingsEffective,
		settingsGoroot,
		launchJSON,
		lifecycle,
		substitutionSurprise,
		stringCorrupted,
		labelEnvWins,
		probeFragile,
		imageTag,
		envName,
		imageGo,
		imageTools,
		goproxyCheck,
		gosumdbCheck,
		privateModules,
		vendorConsistent,
		mainModule,
		dlvFound,
		dlvCompatible,
		ptracePermitted,
		delveLaunch,
		delveAttach,
		delveStd,
		delveDAP,
		debugEnv,
		panicTrace,
		debugLeftovers,
		goplsFound,
		toolsBuiltWith,
		goplsProof,
		extensionCheck,
		lookupAgrees,
		cgoToolchain,
		cgoDNS,
		buildProof,
		viewUnknown,
		proofInconclusive,
	}
}

// Select picks checks by code or name. With only, no others; skip takes away. Unknown ones are an error that names the
// nearest known.
func Select(all []check.Check, only, skip []string) ([]check.Check, error) {
	for _, name := range slices.Concat(only, skip) {
		if _, err := Find(all, name); err != nil {
			return nil, err
		}
	}
	named := func(c check.Check, names []string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			return strings.EqualFold(name, c.Code) || strings.EqualFold(name, c.Name)
		})
	}
	var selected []check.Check
	for _, c := range all {
		if (len(only) == 0 || named(c, only)) && !named(c, skip) {
			selected = append(selected, c)
		}
	}
	return selected, nil
}

// Find returns the check with the given code or name, whatever its case.
func Find(all []check.Check, name string) (check.Check, error) {
	nearest, distance := "", 1<<30
	for _, c := range all {
		if strings.EqualFold(name, c.Code) || strings.EqualFold(name, c.Name) {
			return c, nil
		}
		for _, known := range []string{c.Code, c.Name} {
			if d := editDistance(strings.ToLower(name), strings.ToLower(known)); d < distance {
				nearest, distance = known, d
			}
		}
	}
	if distance > len(name)/2+1 {
		return check.Check{}, fmt.Errorf("there is no check %q (dcverify checks lists them)", name)
	}
	return check.Check{}, fmt.Errorf("there is no check %q; did you mean %s?", name, nearest)
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitution, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Needs is what must be gathered for the checks.
func Needs(selected []check.Check) map[facts.Need]bool {
	needs := map[facts.Need]bool{}
	for _, c := range selected {
		for _, need := range c.Needs {
			needs[need] = true
		}
	}
	return needs
}

//go:embed cases/*.txtar
var cases embed.FS

// Page is the text that explains a check, with its examples left out.
func Page(c check.Check) (string, error) {
	archive, err := caseFile(c)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(archive.Comment)) + "\n", nil
}

func caseFile(c check.Check) (*txtar.Archive, error) {
	text, err := cases.ReadFile("cases/" + c.Code + ".txtar")
	if err != nil {
		return nil, fmt.Errorf("no page for %s: %w", c.Code, err)
	}
	return txtar.Parse(text), nil
}

// Explaining finds the checks whose pages hold a pasted error message, or most of its words.
func Explaining(all []check.Check, message string) []check.Check {
	words := strings.Fields(strings.ToLower(message))
	type scored struct {
		check.Check
		score int
	}
	var hits []scored
	for _, c := range all {
		page, err := Page(c)
		if err != nil {
			continue
		}
		page = strings.ToLower(page)
		score := 0
		for i := range words {
			// Three words in a row are a phrase; single words say too little.
			if i+3 <= len(words) && strings.Contains(page, strings.Join(words[i:i+3], " ")) {
				score++
			}
		}
		if score > 0 {
			hits = append(hits, scored{c, score})
		}
	}
	slices.SortStableFunc(hits, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	var found []check.Check
	for _, hit := range hits {
		if hit.score*3 >= hits[0].score {
			found = append(found, hit.Check)
		}
	}
	return found
}
