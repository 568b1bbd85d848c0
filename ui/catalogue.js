// @ts-check
// What a rule can be about, read once for all who build one.
import { useMemo } from "./preact.js";
import { api } from "./api.js";
import { useResource } from "./resource.js";

/** @returns {{catalogue: import("./components/chooser.js").Catalogue|undefined, error: any, reload: () => void}} */
export function useCatalogue() {
  const parts = {
    attributes: useResource("attributes", api.attributes), events: useResource("events", api.events),
    lists: useResource("lists", api.lists), segments: useResource("segment names", api.segmentNames), overview: useResource("overview", api.overview),
  };
  const { attributes, events, lists, segments, overview } = parts;
  const catalogue = useMemo(() => attributes.data && events.data && lists.data && segments.data && overview.data ? {
    attributes: attributes.data.data, events: events.data.data, lists: lists.data.data.filter((l) => !l.archived), segments: segments.data.data, customers: overview.data.customers,
  } : undefined, [attributes.data, events.data, lists.data, segments.data, overview.data]);
  const broken = Object.values(parts).find((p) => p.error && !p.data);
  return { catalogue, error: broken?.error, reload: () => Object.values(parts).forEach((p) => void p.reload()) };
}
