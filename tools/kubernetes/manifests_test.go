// Package kubernetes tests the manifests in deploy/kubernetes, in a module of its own: the program needs nothing of Kubernetes.
package kubernetes

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const folder = "../../deploy/kubernetes"

// kinds are what the manifests may be, by apiVersion and kind.
var kinds = map[string]func() meta.Object{
	"v1 ConfigMap":                           func() meta.Object { return new(core.ConfigMap) },
	"v1 Service":                             func() meta.Object { return new(core.Service) },
	"v1 ServiceAccount":                      func() meta.Object { return new(core.ServiceAccount) },
	"apps/v1 Deployment":                     func() meta.Object { return new(apps.Deployment) },
	"autoscaling/v2 HorizontalPodAutoscaler": func() meta.Object { return new(autoscaling.HorizontalPodAutoscaler) },
	"policy/v1 PodDisruptionBudget":          func() meta.Object { return new(policy.PodDisruptionBudget) },
	"networking.k8s.io/v1 NetworkPolicy":     func() meta.Object { return new(networking.NetworkPolicy) },
	"networking.k8s.io/v1 Ingress":           func() meta.Object { return new(networking.Ingress) },
}

// decode takes a manifest whole or not at all: a key that its type does not have, or that is there twice, is an error.
func decode(text []byte) (meta.Object, string, error) {
	var kind meta.TypeMeta
	if err := yaml.Unmarshal(text, &kind); err != nil {
		return nil, "", err
	}
	name := kind.APIVersion + " " + kind.Kind
	made, ok := kinds[name]
	if !ok {
		return nil, name, os.ErrInvalid
	}
	object := made()
	return object, name, yaml.UnmarshalStrict(text, object)
}

// manifests are all of them, by kind and name.
func manifests(t *testing.T) map[string]meta.Object {
	t.Helper()
	all := map[string]meta.Object{}
	for _, pattern := range []string{folder + "/*.yaml", folder + "/*/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for part := range bytes.SplitSeq(text, []byte("\n---\n")) {
				object, kind, err := decode(part)
				if err != nil {
					t.Fatalf("%s: %s: %v", path, kind, err)
				}
				key := kind[strings.IndexByte(kind, ' ')+1:] + " " + object.GetName()
				if all[key] != nil {
					t.Errorf("%s: %s is there twice", path, key)
				}
				all[key] = object
			}
		}
	}
	return all
}

func get[T meta.Object](t *testing.T, all map[string]meta.Object, key string) T {
	t.Helper()
	object, ok := all[key].(T)
	if !ok {
		t.Fatalf("no %s", key)
	}
	return object
}

// What the manifests say of one another is so: labels, names and ports.
func TestManifests(t *testing.T) {
	all := manifests(t)
	deployment := get[*apps.Deployment](t, all, "Deployment autoconfig")
	pod := deployment.Spec.Template
	ports := map[string]int32{}
	for _, p := range pod.Spec.Containers[0].Ports {
		ports[p.Name] = p.ContainerPort
	}
	selects := func(what string, selector map[string]string) {
		t.Helper()
		if len(selector) == 0 {
			t.Errorf("%s selects everything", what)
		}
		for key, value := range selector {
			if pod.Labels[key] != value {
				t.Errorf("%s selects %s=%s, which the pods are not", what, key, value)
			}
		}
	}
	selects("the Deployment", deployment.Spec.Selector.MatchLabels)
	selects("the spread", pod.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels)
	selects("the budget",
		get[*policy.PodDisruptionBudget](t, all, "PodDisruptionBudget autoconfig").Spec.Selector.MatchLabels)
	network := get[*networking.NetworkPolicy](t, all, "NetworkPolicy autoconfig").Spec
	selects("the NetworkPolicy", network.PodSelector.MatchLabels)
	for _, rule := range network.Ingress {
		for _, p := range rule.Ports {
			if ports[p.Port.StrVal] == 0 {
				t.Errorf("the NetworkPolicy lets in to the port %s", p.Port)
			}
			if p.Port.StrVal == "admin" && len(rule.From) == 0 {
				t.Error("everybody may ask the admin listener")
			}
		}
	}
	services := map[string]*core.Service{}
	for key, object := range all {
		service, ok := object.(*core.Service)
		if !ok {
			continue
		}
		services[service.Name] = service
		selects(key, service.Spec.Selector)
		for _, p := range service.Spec.Ports {
			if ports[p.TargetPort.StrVal] == 0 {
				t.Errorf("%s leads to the port %s", key, p.TargetPort.StrVal)
			}
			if p.Name == "admin" && service.Spec.Type != "" {
				t.Errorf("%s shows the admin listener to the world", key)
			}
		}
	}
	for _, rule := range get[*networking.Ingress](t, all, "Ingress autoconfig").Spec.Rules {
		for _, path := range rule.HTTP.Paths {
			to := path.Backend.Service
			if s := services[to.Name]; s == nil ||
				!slices.ContainsFunc(s.Spec.Ports, func(p core.ServicePort) bool { return p.Name == to.Port.Name }) {
				t.Errorf("%s leads to %s:%s", rule.Host, to.Name, to.Port.Name)
			}
		}
	}
	scale := get[*autoscaling.HorizontalPodAutoscaler](t, all, "HorizontalPodAutoscaler autoconfig").Spec
	if all[scale.ScaleTargetRef.Kind+" "+scale.ScaleTargetRef.Name] == nil || *scale.MinReplicas < 2 ||
		deployment.Spec.Replicas != nil {
		t.Errorf("%+v", scale)
	}
	if all["ServiceAccount "+pod.Spec.ServiceAccountName] == nil ||
		all["ConfigMap "+pod.Spec.Volumes[0].ConfigMap.Name] == nil {
		t.Error("an account or a configuration that is not there")
	}
}

// The container may do nothing, its probes ask the admin port, and its ports are those of the configuration.
func TestContainer(t *testing.T) {
	all := manifests(t)
	pod := get[*apps.Deployment](t, all, "Deployment autoconfig").Spec.Template.Spec
	c := pod.Containers[0]
	for name, probe := range map[string]*core.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe,
		"readiness": c.ReadinessProbe} {
		want := map[bool]string{true: "/readyz", false: "/healthz"}[name == "readiness"]
		if probe == nil || probe.HTTPGet.Path != want || probe.HTTPGet.Port.StrVal != "admin" {
			t.Errorf("%s: %+v", name, probe)
		}
	}
	s := c.SecurityContext
	if *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem ||
		!slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) ||
		!*pod.SecurityContext.RunAsNonRoot ||
		pod.SecurityContext.SeccompProfile.Type != core.SeccompProfileTypeRuntimeDefault {
		t.Errorf("%+v %+v", s, pod.SecurityContext)
	}
	text := get[*core.ConfigMap](t, all, "ConfigMap autoconfig").Data["autoconfig.yaml"]
	var config struct {
		Listen, Admin, Drain string
		TLS                  string   `json:"listen_tls"`
		AdminHosts           []string `json:"admin_hosts"`
	}
	if err := yaml.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.Ports {
		listen := map[string]string{"http": config.Listen, "https": config.TLS, "admin": config.Admin}[p.Name]
		if listen != ":"+strconv.Itoa(int(p.ContainerPort)) {
			t.Errorf("%s: port %d, and the configuration listens on %q", p.Name, p.ContainerPort, listen)
		}
	}
	if all["Service "+config.AdminHosts[0]] == nil {
		t.Errorf("admin_hosts: %q", config.AdminHosts)
	}
	for _, name := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllStringSubmatch(text, -1) {
		if !slices.ContainsFunc(c.Env, func(e core.EnvVar) bool { return e.Name == name[1] }) {
			t.Errorf("the configuration has ${%s}, and the pod does not", name[1])
		}
	}
	drain, err := strconv.Atoi(strings.TrimSuffix(config.Drain, "s"))
	probe := c.ReadinessProbe
	if err != nil || int64(drain)+15+5 > *pod.TerminationGracePeriodSeconds ||
		drain < int(probe.PeriodSeconds*probe.FailureThreshold)+5 {
		t.Errorf("drain: %s, killed after %d s, readiness seen after %d s", config.Drain, *pod.TerminationGracePeriodSeconds,
			probe.PeriodSeconds*probe.FailureThreshold)
	}
}

// A key that a type does not have is an error, at any depth.
func TestStrict(t *testing.T) {
	text, err := os.ReadFile(folder + "/deployment.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = bytes.Cut(text, []byte("\n---\n"))
	for old, wrong := range map[string]string{"readinessProbe:": "readynessProbe:", "maxSurge": "maxSurges",
		"readOnlyRootFilesystem":  "readonlyRootFS",
		"periodSeconds: 1\n":      "periodSeconds: soon\n",
		"revisionHistoryLimit: 3": "revisionHistoryLimit: 3\n  revisionHistoryLimit: 4"} {
		if !bytes.Contains(text, []byte(old)) {
			t.Fatalf("no %q", old)
		}
		if _, _, err := decode(bytes.ReplaceAll(text, []byte(old), []byte(wrong))); err == nil {
			t.Errorf("%q in place of %q is taken", wrong, old)
		}
	}
}
