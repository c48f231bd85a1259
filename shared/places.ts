/** Places for so many at once, of which nobody has more than a few. Pure. */
import { personOf } from "./person.ts";

export interface Places {
  /**
   * Takes a place for a user.
   *
   * @returns gives it back; undefined when there is none for him
   */
  take(username: string): (() => void) | undefined;
}

export interface PlaceBounds {
  readonly most: number;
  /** Of one person. */
  readonly mostOfOne: number;
}

export function createPlaces({ most, mostOfOne }: PlaceBounds): Places {
  const taken = new Map<string, number>();
  let count = 0;
  return {
    take(username) {
      const person = personOf(username);
      const own = taken.get(person) ?? 0;
      if (count >= most || own >= mostOfOne) return undefined;
      taken.set(person, own + 1);
      count++;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        count--;
        const left = (taken.get(person) ?? 1) - 1;
        if (left === 0) taken.delete(person);
        else taken.set(person, left);
      };
    },
  };
}
