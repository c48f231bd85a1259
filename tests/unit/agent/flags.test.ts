import { describe, expect, test } from "vitest";
import { flagBoolean, flagText, parseFlags, requireFlags } from "../../../agent/flags.ts";

describe("flags as upstream's manifests give them", () => {
  const flags = parseFlags([
    "--invoker-kind=BackupConfiguration",
    "--invoker-name",
    "nightly",
    "--enable-cache=false",
    "--metrics-enabled=true",
    "--pushgateway-url=http://push:9091",
    "--use-kubeapiserver-fqdn-for-aks=true",
    "--v=3",
    "--logtostderr",
    "--target-name=web",
    "--target-name=other",
    "--empty=",
  ]);

  test("are read with and without an equals sign, and unknown ones do no harm", () => {
    expect(flagText(flags, "invoker-name")).toBe("nightly");
    expect(flagText(flags, "invoker-kind")).toBe("BackupConfiguration");
    expect(flags.get("logtostderr")).toBe("true");
  });

  test("the last of several counts", () => {
    expect(flagText(flags, "target-name")).toBe("other");
  });

  test("truth values are read as Go reads them", () => {
    expect(flagBoolean(flags, "enable-cache", true)).toBe(false);
    expect(flagBoolean(flags, "metrics-enabled", false)).toBe(true);
    expect(flagBoolean(flags, "absent", true)).toBe(true);
  });

  test("all that are missing are named at once", () => {
    expect(() => requireFlags(flags, ["invoker-name", "absent", "empty"])).toThrowError(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", message: "missing flags: --absent, --empty" }),
    );
  });
});
