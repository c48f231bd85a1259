import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { paintPicture } from "../../../../scripts/demo/wordpress/picture.ts";

test("a picture is a PNG of the asked size, with every line in it, and no two are the same", () => {
  const picture = paintPicture(33, 17);
  expect(picture.subarray(1, 4).toString("latin1")).toBe("PNG");
  expect([picture.readUInt32BE(16), picture.readUInt32BE(20)]).toEqual([33, 17]);
  const dataLength = picture.readUInt32BE(33);
  expect(picture.subarray(37, 41).toString("latin1")).toBe("IDAT");
  expect(inflateSync(picture.subarray(41, 41 + dataLength))).toHaveLength(17 * (33 * 3 + 1));
  expect(picture.equals(paintPicture(33, 17))).toBe(false);
});
