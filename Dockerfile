# t5train alone in an empty image:
#
#   docker build -t t5train .
#   docker run --rm -v "$PWD:/data" --user "$(id -u):$(id -g)" t5train finetune --config my.yaml
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X t5train/trainer/runlog.version=$VERSION" \
    -o /t5train ./cmd/t5train

FROM scratch
COPY --from=build /t5train /t5train
COPY LICENSE NOTICE /
WORKDIR /data
ENTRYPOINT ["/t5train"]
