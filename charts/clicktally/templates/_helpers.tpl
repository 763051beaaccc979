{{/* Name of everything here: the release, with the chart's name in it. */}}
{{- define "clicktally.name" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains .Chart.Name .Release.Name -}}
{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end -}}
{{- end -}}

{{- define "clicktally.operator" -}}
{{ include "clicktally.name" . }}-operator
{{- end -}}

{{- define "clicktally.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "clicktally.operator" .) }}
{{- end -}}

{{/* Labels that find pods; they never change. Takes (dict "root" $ "component" NAME). */}}
{{- define "clicktally.selector" -}}
app.kubernetes.io/name: clicktally
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of an object. Takes the same. */}}
{{- define "clicktally.labels" -}}
{{ include "clicktally.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* Reference of an image. Takes (dict "root" $ "name" NAME "stated" REFERENCE). */}}
{{- define "clicktally.image" -}}
{{- .stated | default (printf "%s/%s:%s" .root.Values.image.registry .name (.root.Values.image.tag | default .root.Chart.AppVersion)) -}}
{{- end -}}

{{/* Whether the operator checks who reads its metrics: "true" or nothing. */}}
{{- define "clicktally.authenticated" -}}
{{- if or (eq .Values.metrics.serve "Authenticated") (and (eq .Values.metrics.serve "Auto") (not .Values.watchNamespaces)) -}}true{{- end -}}
{{- end -}}

{{/* Rules of a generated role. Takes (dict "root" $ "kind" KIND "name" NAME). */}}
{{- define "clicktally.rules" -}}
{{- range splitList "\n---\n" (.root.Files.Get "files/rbac/role.yaml") -}}
{{- $role := fromYaml . -}}
{{- if and (eq $role.kind $.kind) (eq $role.metadata.name $.name) -}}
rules:
{{ toYaml $role.rules }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What every container here may do: nothing. */}}
{{- define "clicktally.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "clicktally.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}
