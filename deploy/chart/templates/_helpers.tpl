{{/* Name of all objects. */}}
{{- define "connector.name" -}}
{{- $name := default .Release.Name .Values.nameOverride -}}
{{- /* `-mngt` follows it in the service's name, which may have 63 characters. */ -}}
{{- if gt (len $name) 58 -}}
{{- fail (printf "the name `%s` has %d characters, and with `-mngt` behind it only 58 fit; set nameOverride" $name (len $name)) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "connector.selector" -}}
app.kubernetes.io/name: {{ include "connector.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "connector.labels" -}}
{{ include "connector.selector" . }}
app.kubernetes.io/component: connector
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.image.tag }}
app.kubernetes.io/version: {{ . | trunc 63 | quote }}
{{- end }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "connector.image" -}}
{{- with .Values.image -}}
{{- if not .repository -}}
{{- fail "image.repository is missing: where is the connector's image?" -}}
{{- end -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else if .tag -}}
{{ .repository }}:{{ .tag }}
{{- else -}}
{{- fail "image.tag is missing: say a version, or a digest; `latest` would change under running processes" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "connector.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ default (include "connector.name" .) .Values.serviceAccount.name }}
{{- else -}}
{{ default "default" .Values.serviceAccount.name }}
{{- end -}}
{{- end -}}

{{- define "connector.kind" -}}
{{ ternary "StatefulSet" "Deployment" .Values.staticMembership }}
{{- end -}}

{{/* One probe: a path below the actuator, and its times. */}}
{{- define "connector.probe" -}}
httpGet:
  path: /manage/actuator/health/{{ .path }}
  port: mngt
{{ toYaml .times }}
{{- end -}}

{{/* What the chart itself sets, and nobody else may set otherwise beside it. */}}
{{- define "connector.env" -}}
{{- $own := dict
  "FLOWX_CONNECTOR_ADMIN_ADDRESS" "admin.bind and admin.port"
  "FLOWX_CONNECTOR_ADMIN_EXPOSE" "admin.expose"
  "FLOWX_CONNECTOR_DRAIN" "drainSeconds"
  "FLOWX_CONNECTOR_INSTANCE_ID" "staticMembership" -}}
{{- range $name := concat (keys .Values.env) (keys .Values.secretEnv) -}}
{{- range $taken, $value := $own -}}
{{- /* The connector reads `A_B` and `AB` alike. */ -}}
{{- if eq ($name | upper | replace "_" "") ($taken | replace "_" "") -}}
{{- fail (printf "%s is set by the chart itself; use %s in the values" $name $value) -}}
{{- end -}}
{{- end -}}
{{- if and (hasKey $.Values.env $name) (hasKey $.Values.secretEnv $name) -}}
{{- fail (printf "%s is set twice, in env and in secretEnv" $name) -}}
{{- end -}}
{{- end -}}
- name: FLOWX_CONNECTOR_ADMIN_ADDRESS
  value: {{ printf (ternary "[%s]:%v" "%s:%v" (contains ":" .Values.admin.bind)) .Values.admin.bind (.Values.admin.port | int) | quote }}
- name: FLOWX_CONNECTOR_ADMIN_EXPOSE
  value: {{ .Values.admin.expose | quote }}
- name: FLOWX_CONNECTOR_DRAIN
  value: {{ printf "%vs" (.Values.drainSeconds | int) | quote }}
{{- if .Values.staticMembership }}
- name: FLOWX_CONNECTOR_INSTANCE_ID
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}
{{- range $name, $from := .Values.secretEnv }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret }}
      key: {{ $from.key }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end -}}
