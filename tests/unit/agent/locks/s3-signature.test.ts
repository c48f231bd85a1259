import { expect, test } from "vitest";
import { restDelete, s3Delete } from "../../../../agent/locks/act.ts";
import { signS3Delete } from "../../../../agent/locks/s3-signature.ts";

const KEYS = {
  accessKey: "AKIAIOSFODNN7EXAMPLE",
  secretKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  region: "us-east-1",
};
const AT = new Date("2013-05-24T00:00:00Z");

test("the signature is the one that an independent implementation gives", () => {
  const headers = signS3Delete(new URL("https://examplebucket.s3.amazonaws.com/test$file.text"), KEYS, AT);
  expect(headers["x-amz-date"]).toBe("20130524T000000Z");
  expect(headers["authorization"]).toBe(
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=f25f9cf56c1a0f25e13d950696e6da0adadeb2cb2823891c9610c797821f96ee",
  );
});

test("the lock of an S3 repository is addressed below its prefix", () => {
  const access = {
    provider: "s3",
    env: {
      RESTIC_REPOSITORY: "s3:https://h:9000/bucket/a/b",
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "key",
      AWS_SESSION_TOKEN: "token",
    },
    flags: [],
    localFolder: undefined,
    secrets: [],
  } as const;
  const request = s3Delete(access, "abc", AT);
  expect(request?.url.href).toBe("https://h:9000/bucket/a/b/locks/abc");
  expect(request?.headers["x-amz-security-token"]).toBe("token");
  expect(s3Delete({ ...access, env: { RESTIC_REPOSITORY: "s3:h/b" } }, "abc", AT)).toBeUndefined();
});

test("user and password of a REST server go into a header", () => {
  const { url, headers } = restDelete("rest:https://u%40x:p%2F@h:1/pre/", "abc");
  expect(url.href).toBe("https://h:1/pre/locks/abc");
  expect(headers).toEqual({ authorization: `Basic ${Buffer.from("u@x:p/").toString("base64")}` });
});
