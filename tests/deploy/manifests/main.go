// Reads rendered manifests as Kubernetes does, but strictly: a field that its types do not have, or one
// that stands twice, is an error here, where a cluster would pass over it.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// Types of other projects, which are compared with their golden files only.
var foreign = []string{"ScaledObject", "ServiceMonitor", "PrometheusRule"}

func empty(kind string) any {
	switch kind {
	case "Deployment":
		return &apps.Deployment{}
	case "StatefulSet":
		return &apps.StatefulSet{}
	case "Service":
		return &core.Service{}
	case "ServiceAccount":
		return &core.ServiceAccount{}
	case "NetworkPolicy":
		return &networking.NetworkPolicy{}
	case "PodDisruptionBudget":
		return &policy.PodDisruptionBudget{}
	}
	for _, known := range foreign {
		if kind == known {
			return &map[string]any{}
		}
	}
	return nil
}

func strictly(manifest []byte) error {
	text, err := yaml.YAMLToJSONStrict(manifest)
	if err != nil {
		return err
	}
	var named struct {
		Kind string `json:"kind"`
	}
	if err := json.UnmarshalCaseSensitivePreserveInts(text, &named); err != nil {
		return err
	}
	into := empty(named.Kind)
	if into == nil {
		return fmt.Errorf("there is no kind %q here", named.Kind)
	}
	wrong, err := json.UnmarshalStrict(text, into)
	return errors.Join(append(wrong, err)...)
}

func main() {
	wrong, read := 0, 0
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		for _, manifest := range strings.Split(string(text), "\n---\n") {
			read++
			if err := strictly([]byte(manifest)); err != nil {
				wrong++
				fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			}
		}
	}
	fmt.Printf("%d manifests read strictly, %d wrong\n", read, wrong)
	if wrong > 0 || read == 0 {
		os.Exit(1)
	}
}
